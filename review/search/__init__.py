"""Search: strategies, PubMed through Entrez, PubMed XML, reference files and the receipts of their import."""
