package dev.skreaver.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.embedded.Database;
import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.postgresql.util.PSQLState;

/** Where a text is kept: all columns of all tables there are, and all that Redis has. */
final class KeptTexts {
  private static final String TABLES =
      """
      SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      ORDER BY 1
      """;

  private KeptTexts() {}

  /** The tables that hold it, as a text or as the bytes of one. */
  static List<String> tablesWith(Database database, String text) throws SQLException {
    var found = new ArrayList<String>();
    try (Connection connection =
        DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password())) {
      for (String table : tables(connection)) {
        try (PreparedStatement look =
            connection.prepareStatement(
                """
                SELECT EXISTS (SELECT FROM %s AS kept
                  WHERE position(? IN kept::text) > 0 OR position(? IN kept::text) > 0)
                """
                    .formatted(table))) {
          look.setString(1, text);
          look.setString(2, HexFormat.of().formatHex(text.getBytes(UTF_8)));
          try (ResultSet row = look.executeQuery()) {
            row.next();
            if (row.getBoolean(1)) {
              found.add(table);
            }
          } catch (SQLException e) {
            if (!PSQLState.UNDEFINED_TABLE.getState().equals(e.getSQLState())) {
              throw e;
            }
            // Dropped meanwhile: the read model of a rebuild.
          }
        }
      }
    }
    return found;
  }

  private static List<String> tables(Connection connection) throws SQLException {
    var tables = new ArrayList<String>();
    try (var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(TABLES)) {
      while (row.next()) {
        tables.add(row.getString(1));
      }
    }
    return tables;
  }

  /** How many entries of Redis hold it. */
  static long entriesWith(Path data, String text) throws IOException {
    String configuration = Files.readString(data.resolve("redis/redis.conf"));
    var address =
        RedisURI.Builder.redis("127.0.0.1", Integer.parseInt(setting(configuration, "port")))
            .withPassword(setting(configuration, "requirepass").toCharArray())
            .build();
    try (RedisClient client = RedisClient.create(address);
        var connection = client.connect(ByteArrayCodec.INSTANCE)) {
      RedisCommands<byte[], byte[]> redis = connection.sync();
      long found = 0;
      for (byte[] key : redis.keys("*")) {
        assertThat(redis.type(key))
            .as("the kind of %s", new String(key, UTF_8))
            .isEqualTo("stream");
        found +=
            redis.xrange(key, Range.unbounded()).stream()
                .flatMap(entry -> entry.getBody().values().stream())
                .filter(value -> new String(value, UTF_8).contains(text))
                .count();
      }
      return found;
    }
  }

  private static String setting(String configuration, String name) {
    var line = Pattern.compile("(?m)^" + name + " (.*)$").matcher(configuration);
    assertThat(line.find()).as(name).isTrue();
    return line.group(1);
  }
}
