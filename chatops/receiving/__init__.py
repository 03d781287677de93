"""Updates in: by webhook or by polling, stored before anybody answers for them."""
