package dev.skreaver.command.store;

/** The two halves of an aggregate's identifier, {@code tenant/key}. */
record StreamKey(String tenant, String key) {
  static StreamKey parse(String aggregateIdentifier) {
    int slash = aggregateIdentifier.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(
          "'%s' is not of the form tenant/key".formatted(aggregateIdentifier));
    }
    return new StreamKey(
        aggregateIdentifier.substring(0, slash), aggregateIdentifier.substring(slash + 1));
  }
}
