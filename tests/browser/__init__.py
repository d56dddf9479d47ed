"""What people look at in a browser, looked at in a browser (`make test-chromium`)."""
