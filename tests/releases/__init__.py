"""What earlier releases send to the database: a log for each revision of the schema, to be sent to later ones."""
