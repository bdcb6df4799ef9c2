package dev.skreaver.query.projection;

/** The qualified table names of one generation. Readers use the views instead. */
public record Tables(int generation) {
  static final String SCHEMA = "read_model";

  static String template(String table, int version) {
    return view(table, version) + "_template";
  }

  /**
   * What readers use.
   *
   * @param version as in {@link Projection#version}
   */
  public static String view(String table, int version) {
    return SCHEMA + "." + table + (version == 1 ? "" : "_v" + version);
  }

  /**
   * @param table as in {@link Projection#tables}
   * @return for example {@code read_model.agent_3}
   */
  public String of(String table) {
    return SCHEMA + "." + table + "_" + generation;
  }
}
