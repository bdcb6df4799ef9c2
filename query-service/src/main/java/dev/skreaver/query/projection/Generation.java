package dev.skreaver.query.projection;

/**
 * One build of a projection, in tables of its own.
 *
 * @param number counts the builds from 1
 */
record Generation(String projection, int number) {
  Tables tables() {
    return new Tables(number);
  }

  /** The name of its projector; {@link #parse} is the inverse. */
  @Override
  public String toString() {
    return projection + ":" + number;
  }

  static Generation parse(String text) {
    int colon = text.lastIndexOf(':');
    return new Generation(
        text.substring(0, colon), Integer.parseInt(text, colon + 1, text.length(), 10));
  }
}
