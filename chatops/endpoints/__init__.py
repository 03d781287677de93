"""Programs of users that are called over HTTP, and the calls to them."""
