"""`gedrag serve`: the HTTP server, put together from parts. A part is a package beside this with `attach(app, settings)`."""
