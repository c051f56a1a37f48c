#include "wire/msgpack_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "wire/codec.h"

namespace ghost::wire {
namespace {

using Kind = MsgpackValue::Kind;
using msgpack::object;

// What msgpack-c itself makes of the same bytes is what the reader is held to.
bool whole_by_msgpack_c(std::string_view bytes) {
  msgpack::null_visitor visitor;
  size_t offset = 0;
  try {
    return msgpack::parse(bytes.data(), bytes.size(), offset, visitor) && offset == bytes.size();
  } catch (const std::exception&) {
    return false;
  }
}

void expect_same(const object& want, MsgpackReader& in) {
  const MsgpackValue got = in.next();
  switch (want.type) {
    case msgpack::type::NIL:
      ASSERT_EQ(got.kind, Kind::kNil);
      return;
    case msgpack::type::BOOLEAN:
      ASSERT_EQ(got.kind, Kind::kBool);
      ASSERT_EQ(got.boolean, want.via.boolean);
      return;
    case msgpack::type::POSITIVE_INTEGER:
      ASSERT_EQ(got.kind, Kind::kUnsigned);
      ASSERT_EQ(got.u64, want.via.u64);
      return;
    case msgpack::type::NEGATIVE_INTEGER:
      ASSERT_EQ(got.kind, Kind::kNegative);
      ASSERT_EQ(got.i64, want.via.i64);
      return;
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
      ASSERT_EQ(got.kind, Kind::kFloat);
      ASSERT_EQ(got.f64, want.via.f64);
      return;
    case msgpack::type::STR:
      ASSERT_EQ(got.kind, Kind::kString);
      ASSERT_EQ(got.bytes, std::string_view(want.via.str.ptr, want.via.str.size));
      return;
    case msgpack::type::BIN:
      ASSERT_EQ(got.kind, Kind::kBytes);
      ASSERT_EQ(got.bytes, std::string_view(want.via.bin.ptr, want.via.bin.size));
      return;
    case msgpack::type::EXT:
      ASSERT_EQ(got.kind, Kind::kOther);
      ASSERT_EQ(got.bytes.size(), want.via.ext.size + 1);
      return;
    case msgpack::type::ARRAY:
      ASSERT_EQ(got.kind, Kind::kList);
      ASSERT_EQ(got.count, want.via.array.size);
      for (uint32_t i = 0; i < got.count; ++i) expect_same(want.via.array.ptr[i], in);
      return;
    case msgpack::type::MAP:
      ASSERT_EQ(got.kind, Kind::kMap);
      ASSERT_EQ(got.count, want.via.map.size);
      for (uint32_t i = 0; i < got.count; ++i) {
        expect_same(want.via.map.ptr[i].key, in);
        expect_same(want.via.map.ptr[i].val, in);
      }
      return;
  }
}

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  std::string value() {
    codec::Sink sink;
    codec::Packer out(sink);
    pack(out, 0);
    return sink.take();
  }
  uint64_t below(uint64_t limit) { return random_() % limit; }

 private:
  void pack(codec::Packer& out, int depth) {
    static const size_t kSizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    const size_t size = kSizes[below(depth == 0 ? 10 : 8)];
    switch (below(depth < 6 ? 12 : 9)) {
      case 0:
        out.pack_nil();
        return;
      case 1:
        below(2) == 0 ? out.pack_true() : out.pack_false();
        return;
      case 2:
        out.pack_uint64(random_() >> below(64));
        return;
      case 3:
        out.pack_int64(static_cast<int64_t>(random_()) >> below(64));
        return;
      case 4:
        out.pack_double(static_cast<double>(below(1000)) / 7);
        return;
      case 5:
        out.pack_float(static_cast<float>(below(1000)) / 7);
        return;
      case 6:
        codec::write(out, std::string(size, 's'));
        return;
      case 7:
        codec::write_bin(out, std::string(size, 'b'));
        return;
      case 8: {
        static const size_t kExtensions[] = {1, 2, 3, 4, 8, 16, 17, 255, 256};
        const size_t bytes = kExtensions[below(9)];
        out.pack_ext(bytes, static_cast<int8_t>(below(100)));
        out.pack_ext_body(std::string(bytes, 'e').data(), static_cast<uint32_t>(bytes));
        return;
      }
      case 9:
      case 10: {
        const uint32_t count = static_cast<uint32_t>(below(20));
        out.pack_array(count);
        for (uint32_t i = 0; i < count; ++i) pack(out, depth + 2);
        return;
      }
      default: {
        const uint32_t count = static_cast<uint32_t>(below(18));
        out.pack_map(count);
        for (uint32_t i = 0; i < 2 * count; ++i) pack(out, depth + 2);
        return;
      }
    }
  }
  std::mt19937_64 random_;
};

TEST(MsgpackReader, ReadsWhatMsgpackCWrites) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const std::string bytes = Maker(seed).value();
    ASSERT_TRUE(is_one_value(bytes, 32)) << seed;
    const msgpack::object_handle handle = msgpack::unpack(bytes.data(), bytes.size());
    MsgpackReader in(bytes);
    expect_same(handle.get(), in);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
    EXPECT_EQ(MsgpackReader(bytes).skip(), bytes);
  }
}

TEST(MsgpackReader, TakesForWholeWhatMsgpackCTakesForWhole) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Maker maker(seed);
    std::string bytes = maker.value().substr(0, 300);
    for (int i = 0; i < 20 && !bytes.empty(); ++i) {
      bytes[maker.below(bytes.size())] = static_cast<char>(maker.below(256));
      if (maker.below(4) == 0) bytes.resize(maker.below(bytes.size()) + 1);
      ASSERT_EQ(is_one_value(bytes, 63), whole_by_msgpack_c(bytes)) << seed;
    }
  }
}

TEST(MsgpackReader, DepthIsBounded) {
  const std::string nested = std::string(32, '\x91') + '\x01';
  EXPECT_TRUE(is_one_value(nested, 32));
  EXPECT_FALSE(is_one_value('\x91' + nested, 32));
  EXPECT_FALSE(is_one_value(std::string(100'000, '\x91'), 32));
}

TEST(MsgpackReader, DeclaredCountsMustBeThere) {
  EXPECT_FALSE(is_one_value("", 32));
  EXPECT_FALSE(is_one_value("\xdd\xff\xff\xff\xff", 32));
  EXPECT_FALSE(is_one_value("\xdf\xff\xff\xff\xff", 32));
  EXPECT_FALSE(is_one_value("\xdb\xff\xff\xff\xff", 32));
  EXPECT_FALSE(is_one_value("\xc9\xff\xff\xff\xff\x01", 32));
  EXPECT_FALSE(is_one_value("\xc1", 32));
}

}  // namespace
}  // namespace ghost::wire
