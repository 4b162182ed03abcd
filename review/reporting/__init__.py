"""What leaves the database: evidence table, gap map, PRISMA flow, and the way back to each printed figure."""
