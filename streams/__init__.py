"""The half that touches the world: Kafka, Redis, mail, files, terminals. It imports `scoring`, never the reverse."""
