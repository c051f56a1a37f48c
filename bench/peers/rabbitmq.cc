// RabbitMQ quorum queues, persistent messages, publisher confirms.
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <sys/time.h>

#include "bench/peers/peer.h"

namespace ghost::bench {
namespace {

class Channel {
 public:
  explicit Channel(const std::string& port) : raw_(amqp_new_connection()) {
    amqp_socket_t* socket = amqp_tcp_socket_new(raw_);
    if (amqp_socket_open(socket, "127.0.0.1", std::atoi(port.c_str())) != 0) {
      fail("rabbitmq: cannot connect");
    }
    check(amqp_login(raw_, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"));
    amqp_channel_open(raw_, 1);
    check(amqp_get_rpc_reply(raw_));
  }
  void declare(const char* queue) {
    amqp_table_entry_t type{};
    type.key = amqp_cstring_bytes("x-queue-type");
    type.value.kind = AMQP_FIELD_KIND_UTF8;
    type.value.value.bytes = amqp_cstring_bytes("quorum");
    amqp_queue_declare(raw_, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, {1, &type});
    check(amqp_get_rpc_reply(raw_));
  }
  void confirm() {
    amqp_confirm_select(raw_, 1);
    check(amqp_get_rpc_reply(raw_));
  }
  void publish(const char* queue, const std::string& body) {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = 2;
    if (amqp_basic_publish(raw_, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 0, 0, &properties,
                           {body.size(), const_cast<char*>(body.data())}) != AMQP_STATUS_OK) {
      fail("rabbitmq: cannot publish");
    }
    ++published_;
  }
  void wait_confirmed() {
    while (confirmed_ < published_) {
      amqp_frame_t frame;
      amqp_maybe_release_buffers(raw_);
      if (amqp_simple_wait_frame(raw_, &frame) != AMQP_STATUS_OK) fail("rabbitmq: no confirm");
      if (frame.frame_type != AMQP_FRAME_METHOD) continue;
      if (frame.payload.method.id != AMQP_BASIC_ACK_METHOD) fail("rabbitmq: not confirmed");
      const auto* ack = static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded);
      confirmed_ = ack->multiple != 0 ? ack->delivery_tag : confirmed_ + 1;
    }
  }
  void consume(const char* queue, uint16_t prefetch) {
    amqp_basic_qos(raw_, 1, 0, prefetch, 0);
    check(amqp_get_rpc_reply(raw_));
    amqp_basic_consume(raw_, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0,
                       amqp_empty_table);
    check(amqp_get_rpc_reply(raw_));
  }
  // What is there, up to a bound; waits for the first. Gives the last delivery's tag.
  template <typename Visit>
  uint64_t take(Visit visit) {
    uint64_t tag = 0;
    for (size_t i = 0; i < kBatch; ++i) {
      timeval none{i == 0 ? 1 : 0, 0};
      amqp_envelope_t envelope;
      amqp_maybe_release_buffers(raw_);
      const amqp_rpc_reply_t got = amqp_consume_message(raw_, &envelope, &none, 0);
      if (got.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
          got.library_error == AMQP_STATUS_TIMEOUT) {
        break;
      }
      check(got);
      tag = envelope.delivery_tag;
      const amqp_bytes_t& body = envelope.message.body;
      visit(number_of(std::string(static_cast<char*>(body.bytes), body.len).c_str()));
      amqp_destroy_envelope(&envelope);
    }
    return tag;
  }
  void ack_up_to(uint64_t tag) {
    if (tag != 0 && amqp_basic_ack(raw_, 1, tag, 1) != AMQP_STATUS_OK) fail("rabbitmq: no ack");
  }

 private:
  static void check(const amqp_rpc_reply_t& reply) {
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) fail("rabbitmq: a call failed");
  }
  amqp_connection_state_t raw_;
  uint64_t published_ = 0, confirmed_ = 0;
};

class Rabbit : public Peer {
 public:
  explicit Rabbit(const std::string& port) : jobs_(port), results_(port) {
    jobs_.confirm();
    results_.consume("results", 1000);
  }
  void put(size_t first, size_t count) override {
    for (size_t i = first; i < first + count; ++i) jobs_.publish("jobs", numbered(i, 1024));
    jobs_.wait_confirmed();
  }
  void take(const std::function<void(size_t)>& seen) override {
    results_.ack_up_to(results_.take(seen));
  }

 private:
  Channel jobs_, results_;
};

}  // namespace

void prepare(const std::string& port) {
  Channel channel(port);
  channel.declare("jobs");
  channel.declare("results");
}

std::unique_ptr<Peer> submitter(const std::string& port) {
  return std::make_unique<Rabbit>(port);
}

void work(const std::string& port, const std::string&) {
  Channel jobs(port), results(port);
  results.confirm();
  jobs.consume("jobs", 500);
  while (true) {
    const uint64_t tag =
        jobs.take([&](size_t number) { results.publish("results", numbered(number, 64)); });
    results.wait_confirmed();
    jobs.ack_up_to(tag);
  }
}

}  // namespace ghost::bench

int main(int argc, char** argv) {
  return ghost::bench::peer_main(argc, argv);
}
