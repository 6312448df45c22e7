"""What every room uses: errors, files, exact JSON, SQL, web client and server, workers."""
