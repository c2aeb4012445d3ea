"""The bus: one contract (`api`), two implementations (`amqp`, `local`), one topology."""
