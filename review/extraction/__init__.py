"""The extraction room: reads what people read off papers from `extracted/`, checks it, and loads it."""
