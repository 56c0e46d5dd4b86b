"""Kafka: topic names and settings, clients, and what we need of aiokafka beyond its public interface."""
