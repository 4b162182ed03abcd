"""The site of a review: pages and JSON that read what the command line reads."""
