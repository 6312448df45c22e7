"""The routes: each takes a request apart, asks the service, and says its answer."""
