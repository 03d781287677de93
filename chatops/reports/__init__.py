"""Reports: what was the case from then to then, and how soon people were on it."""
