package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.websocket.MessageReader.Received;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MessageReaderTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'type':'subscribe'} | channels",
        "{'type':'subscribe','channels':'agents'} | channels",
        "{'type':'subscribe','channels':[]} | channels",
        "{'type':'subscribe','channels':['agents','agents']} | channels",
        "{'type':'subscribe','channels':[1]} | channels[0]",
        "{'type':'subscribe','channels':['agents'],'position':'7'} | position",
        "{'type':'subscribe','channels':['agents'],'position':-1} | position",
        "{'type':'subscribe','channels':['agents'],'position':1.5} | position",
        "{'type':'subscribe','channels':['agents'],'position':99999999999999999999} | position",
        "{'type':'subscribe','channels':['agents'],'tenant':'rival'} | tenant",
        "{'type':'auth'} | token",
        "{'type':'auth','token':5} | token",
        "{'type':'fly'} | type",
        "{'type':7} | type",
        "{} | type",
        "[] | message",
        "\"text\" | message",
        "nonsense | message",
        "{'type':'ping'} {} | message",
        "{'type':'ping','type':'pong'} | type",
      })
  void what_is_wrong_with_a_flat_message_is_named(String json, String field) {
    assertThat(fieldAtFault(json)).isEqualTo(field);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'version':'1.0','messageId':'m','timestamp':1,'type':'ping'} | data",
        "{'version':'2.0','messageId':'m','timestamp':1,'type':'ping','data':{}} | version",
        "{'version':'1.0','timestamp':1,'type':'ping','data':{}} | messageId",
        "{'version':'1.0','messageId':'m','type':'ping','data':{}} | timestamp",
        "{'version':'1.0','messageId':'m','timestamp':1,'type':'event','data':{}} | type",
        "{'version':'1.0','messageId':'m','timestamp':1,'type':'ping','data':{},'x':1} | x",
        "{'version':'1.0','messageId':'m','timestamp':1,'type':'ping','data':{'x':1}} | data.x",
      })
  void what_is_wrong_with_an_envelope_is_named(String json, String field) {
    assertThat(fieldAtFault(json)).isEqualTo(field);
  }

  @Test
  void a_quality_of_service_is_required_of_an_envelope() {
    assertThat(fieldAtFault(subscribe("{'channel':'agents'}"))).isEqualTo("data.channels[0].qos");
  }

  @Test
  void a_filter_that_is_not_served_is_refused() {
    assertThat(
            fieldAtFault(
                subscribe("{'channel':'agents','qos':'exactlyOnce','filters':{'owner':'me'}}")))
        .isEqualTo("data.channels[0].filters.owner");
  }

  @Test
  void a_deep_message_is_not_read() {
    assertThat(fieldAtFault("[".repeat(100) + "]".repeat(100))).isEqualTo("message");
  }

  @Test
  void an_error_about_an_envelope_goes_back_to_its_message_id() {
    Received received =
        read("{'version':'1.0','messageId':'m-7','timestamp':1,'type':'fly','data':{}}");

    assertThat(received.replyTo()).isEqualTo(new Dialect.ReplyTo(Dialect.ENVELOPE, "m-7", false));
  }

  private static String subscribe(String channel) {
    return "{'version':'1.0','messageId':'m','timestamp':1,'type':'subscribe',"
        + "'data':{'action':'subscribe','channels':["
        + channel
        + "]}}";
  }

  private static Object fieldAtFault(String json) {
    Received received = read(json);
    assertThat(received).isInstanceOf(Received.NotUnderstood.class);
    return ((Received.NotUnderstood) received).refusal().details().getOrDefault("field", "");
  }

  private static Received read(String json) {
    return MessageReader.read(json.replace('\'', '"'), Dialect.FLAT);
  }
}
