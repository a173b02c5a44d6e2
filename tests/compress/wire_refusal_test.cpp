// The receiver refuses a message that it does not expect. The error names the sender and the reason.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "compress/wire.hpp"
#include "tests/compress/messages.hpp"
#include "tests/support/errors.hpp"

namespace pliant {
namespace {

test::Message message_of(const IndexCodec& index_codec, const ValueCodec* value_codec) {
  test::Random random(1);
  const test::IndexSet set = test::random_set(random, 600, 61);
  const auto values = value_codec == nullptr ? std::vector<float>() : test::random_values(random, set.kept());
  return test::encode(set, values, index_codec, value_codec);
}

std::vector<test::Message> messages() {
  return {message_of(raw_indices, &float32_values), message_of(rice_indices, &int8_values),
          message_of(block_indices, &float32_values), message_of(rice_indices, &bfloat16_values),
          message_of(rice_indices, nullptr)};
}

bool is_refused(std::span<const std::byte> bytes, const Expected& expected) {
  try {
    test::decode(bytes, expected);
  } catch (const Error&) {
    return true;
  }
  return false;
}

TEST(WireRefuses, EveryChangedByte) {
  for (test::Message& message : messages())
    for (std::byte& byte : message.bytes) {
      const std::byte right = byte;
      for (int change = 1; change < 256; ++change) {
        byte = right ^ static_cast<std::byte>(change);
        ASSERT_TRUE(is_refused(message.bytes, message.expected())) << &byte - message.bytes.data();
      }
      byte = right;
    }
}

TEST(WireRefuses, EveryOtherLength) {
  for (const test::Message& message : messages()) {
    for (std::size_t length = 0; length < message.bytes.size(); ++length) {
      const test::Bytes part(message.bytes.begin(),
                             message.bytes.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_TRUE(is_refused(part, message.expected())) << length;
      EXPECT_THROW(message_bytes(part, 0), Error) << length;
    }
    test::Bytes longer = message.bytes;
    longer.push_back(std::byte{0});
    EXPECT_TRUE(is_refused(longer, message.expected()));
  }
}

/// With a valid checksum, only the structure reveals a changed byte: the message is refused, or it is still
/// consistent.
TEST(WireRefuses, OrUnderstandsWhatItsSenderSealed) {
  for (test::Message& message : messages())
    for (std::size_t at = 0; at < message.bytes.size(); ++at) {
      const std::byte right = message.bytes[at];
      for (int change = 1; change < 256; change += 2) {
        message.bytes[at] = right ^ static_cast<std::byte>(change);
        seal_message(message.bytes);
        if (!is_refused(message.bytes, message.expected())) {
          ASSERT_GE(at, 36U) << "every byte of the header counts, but for the checksum";
        }
      }
      message.bytes[at] = right;
    }
}

struct Refusal {
  std::string name;
  std::function<void(test::Message& message, Expected& expected)> change;  ///< sealed again afterwards
  std::string problem;
};

template <class Number>
std::function<void(test::Message&, Expected&)> put(std::size_t at, Number number) {
  return [=](test::Message& message, Expected&) { std::memcpy(&message.bytes[at], &number, sizeof(number)); };
}

std::vector<Refusal> refusals() {
  using M = test::Message&;
  using E = Expected&;
  return {
      {"magic", put(0, std::uint32_t{7}), "is not one of Pliant's: it starts with 7 ("},
      {"version", put(4, std::uint8_t{2}), "has format version 2 (must be 1). Run one version"},
      {"index codec", put(5, std::uint8_t{9}), "has index codec 9 ("},
      {"value codec", put(6, std::uint8_t{9}), "has value codec 9 ("},
      {"type", put(7, std::uint8_t{2}), "has element type 2 (must be 1"},
      {"count", put(8, std::uint64_t{601}),
       "is about a vector of count 601 (this rank's count is 600). Pass the"},
      {"kept", put(16, std::uint64_t{62}), "keeps elements: 62 (this rank expects 61). Pass the same"},
      {"payload", put(24, std::uint64_t{10}), "has bytes behind its end: "},
      {"long payload", put(24, ~std::uint64_t{0}), "is cut short: "},
      {"padding", put(32, std::uint32_t{4}), "is wrongly padded, by bytes: 4 ("},
      {"much padding", put(32, ~std::uint32_t{0}), "is too short for its values: "},
      {"indices", put(40, std::uint32_t{599}), "has wrong indices (an index is not above the one before). "},
      {"other count", [](M, E e) { e.shape.count = 599; },
       "is about a vector of count 600 (this rank's count is 599"},
      {"other kept", [](M, E e) { e.shape.kept = 60; }, "keeps elements: 61 (this rank expects 60"},
      {"no values", [](M, E e) { e.with_values = false; }, "has value codec 2 (indices alone are expected"},
      {"values", [](M m, E) { m.bytes.back() = std::byte{0x7f}, *(m.bytes.end() - 2) = std::byte{0x80}; },
       "has wrong values (a value is not finite). "},
      {"half a message", [](M m, E) { m.bytes.resize(20); },
       "is cut short: its bytes are 20 (the header has 40). "},
  };
}

TEST(WireRefuses, InWordsThatSayWhoseAndWhy) {
  for (const Refusal& refusal : refusals()) {
    test::Message message = message_of(raw_indices, &bfloat16_values);
    Expected expected = message.expected(17);
    refusal.change(message, expected);
    if (message.bytes.size() >= 40) seal_message(message.bytes);
    const std::string text =
        test::error_text(ErrorClass::other, [&] { test::decode(message.bytes, expected); });
    EXPECT_TRUE(text.starts_with("the message of rank 17 " + refusal.problem))
        << refusal.name << ": " << text;
  }
}

TEST(WireRefuses, AWrongChecksumBeforeAnythingElse) {
  // The type, count, kept, padding, an index, a value.
  for (const std::size_t at : {7U, 8U, 16U, 32U, 50U, 300U}) {
    test::Message message = message_of(raw_indices, &bfloat16_values);
    message.bytes[at] ^= std::byte{1};
    const std::string text =
        test::error_text(ErrorClass::other, [&] { test::decode(message.bytes, message.expected()); });
    EXPECT_TRUE(text.starts_with("the message of rank 3 has checksum ")) << text;
  }
}

TEST(WireRefuses, IndicesAloneWhereValuesAreExpected) {
  const test::Message message = message_of(raw_indices, nullptr);
  Expected expected = message.expected();
  expected.with_values = true;
  const std::string text =
      test::error_text(ErrorClass::other, [&] { test::decode(message.bytes, expected); });
  EXPECT_TRUE(text.starts_with("the message of rank 3 has value codec 0 (values are expected")) << text;
}

TEST(WireRefuses, PaddingThatIsNotZero) {
  test::Message message = test::encode({.name = "four", .count = 10, .indices = {1, 3, 5, 7}}, {1, 2, 3, 4},
                                       block_indices, &float32_values);
  ASSERT_GT(std::to_integer<int>(message.bytes[32]), 0) << "the test needs a code that is padded";
  message.bytes[message.bytes.size() - 17] = std::byte{1};  // the last one before the values
  seal_message(message.bytes);
  const std::string text =
      test::error_text(ErrorClass::other, [&] { test::decode(message.bytes, message.expected()); });
  EXPECT_TRUE(text.starts_with("the message of rank 3 is wrongly padded")) << text;
}

/// The refusal of a receiver that expects at most `most`.
std::string refusal_up_to(std::span<const std::byte> message, WireShape most,
                          Keeps keeps = Keeps::at_most_or_whole) {
  const Expected expected{.shape = most, .with_values = true, .sender = 5, .keeps = keeps};
  std::vector<std::uint32_t> indices(static_cast<std::size_t>(most.kept));
  std::vector<float> values(static_cast<std::size_t>(most.count));
  return test::error_text(ErrorClass::other,
                          [&] { decode_message(message, expected, indices.data(), values.data()); });
}

TEST(WireRefuses, MoreThanThereMayBe) {
  const test::Message message = message_of(raw_indices, &float32_values);
  EXPECT_TRUE(refusal_up_to(message.bytes, {600, 60})
                  .starts_with("the message of rank 5 keeps elements: 61 (this rank expects at most 60"));
  EXPECT_TRUE(refusal_up_to(message.bytes, {599, 61})
                  .starts_with("the message of rank 5 is about a vector of count 600"));
}

test::Bytes whole_message(std::int64_t count) {
  const std::vector<float> values(static_cast<std::size_t>(count), 2);
  test::Bytes bytes(static_cast<std::size_t>(whole_message_bytes(count)));
  encode_whole_message(values, bytes.data());
  return bytes;
}

TEST(WireRefuses, AWholeVectorWhereNoneIsExpectedOrItIsNone) {
  test::Bytes message = whole_message(10);
  EXPECT_TRUE(is_refused(message, {.shape = {10, 10}, .with_values = true, .sender = 5}));
  EXPECT_TRUE(refusal_up_to(message, {10, 3}, Keeps::at_most)
                  .starts_with("the message of rank 5 keeps elements: 10 (this rank expects at most 3"));
  EXPECT_TRUE(refusal_up_to(message, {9, 3}).starts_with("the message of rank 5 is about a vector"));
  message[16] = std::byte{9};
  seal_message(message);
  EXPECT_TRUE(
      refusal_up_to(message, {10, 10})
          .starts_with("the message of rank 5 keeps elements: 9 (without indices it must keep all 10"));
  message[16] = std::byte{10};
  message[24] = std::byte{44};
  message.resize(message.size() + 4);
  seal_message(message);
  EXPECT_TRUE(refusal_up_to(message, {10, 10}).starts_with("the message of rank 5 has wrong indices"));
}

TEST(WireRefuses, EveryChangedByteOfAWholeVector) {
  test::Bytes message = whole_message(20);
  for (std::byte& byte : message) {
    const std::byte right = byte;
    for (int change = 1; change < 256; ++change) {
      byte = right ^ static_cast<std::byte>(change);
      ASSERT_FALSE(refusal_up_to(message, {20, 3}).empty());
    }
    byte = right;
  }
}

}  // namespace
}  // namespace pliant
