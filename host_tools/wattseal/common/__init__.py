"""What every room uses: errors, files, exact JSON, SQL, HTTP, worker processes, documents."""
