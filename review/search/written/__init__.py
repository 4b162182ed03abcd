"""References into the formats that other programs read, each with an account of what it can hold."""
