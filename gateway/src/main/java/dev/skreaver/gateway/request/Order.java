package dev.skreaver.gateway.request;

/** The direction of a sort. */
public enum Order {
  ASC,
  DESC
}
