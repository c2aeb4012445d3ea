"""What others read of Vedette's contracts, generated from the code: schemas, APIs, settings."""
