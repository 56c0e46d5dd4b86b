"""Where results go: mail servers and Redis. Sinks know nothing of Kafka or Faust."""
