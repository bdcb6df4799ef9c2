package dev.skreaver.command.store;

import dev.skreaver.api.event.EventCatalog;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;

/** The small numbers that stand for tenants and event types in the store's rows. */
final class CatalogNumbers {
  private final DataSource dataSource;
  private final Map<String, Integer> tenants = new ConcurrentHashMap<>();
  private final Map<EventCatalog, Short> types = new ConcurrentHashMap<>();

  CatalogNumbers(DataSource dataSource) throws SQLException {
    this.dataSource = dataSource;
    readTypes();
  }

  /** Reads anew what the store says now. */
  void forget() throws SQLException {
    tenants.clear();
    readTypes();
  }

  private void readTypes() throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement("SELECT event_store.event_type_number(?, ?)")) {
      for (EventCatalog type : EventCatalog.values()) {
        statement.setString(1, type.wireName());
        statement.setShort(2, (short) type.revision());
        try (ResultSet result = statement.executeQuery()) {
          result.next();
          types.put(type, result.getShort(1));
        }
      }
    }
  }

  short type(EventCatalog type) {
    Short number = types.get(type);
    if (number == null) {
      throw new IllegalStateException(type + " has no number");
    }
    return number;
  }

  int tenant(String name) throws SQLException {
    Integer known = tenants.get(name);
    if (known != null) {
      return known;
    }
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement("SELECT event_store.tenant_number(?)")) {
      statement.setString(1, name);
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        int number = result.getInt(1);
        tenants.put(name, number);
        return number;
      }
    }
  }
}
