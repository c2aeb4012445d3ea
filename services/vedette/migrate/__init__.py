"""The job that brings the database to the newest schema, before the services of a release."""
