package dev.skreaver.gateway.service;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.apache.commons.codec.digest.MurmurHash3;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One process of a service, and whether it is left out for now. */
final class Instance {
  private static final Logger LOG = LoggerFactory.getLogger(Instance.class);

  private final URI address;
  private volatile boolean available = true;

  Instance(URI address) {
    this.address = address;
  }

  URI address() {
    return address;
  }

  boolean available() {
    return available;
  }

  void leaveOut(String reason) {
    if (available) {
      available = false;
      LOG.warn("{} is left out: {}", address, reason);
    }
  }

  void takeBack() {
    if (!available) {
      available = true;
      LOG.info("{} is taken back", address);
    }
  }

  /**
   * Its weight for a key (Thaler and Ravishankar, Using name-based mappings to increase hit rates,
   * 1998): whoever knows the address comes to the same, so that all gateways agree without
   * speaking.
   */
  long weight(String key) {
    byte[] name = (address + " " + key).getBytes(StandardCharsets.UTF_8);
    return MurmurHash3.hash128x64(name)[0];
  }
}
