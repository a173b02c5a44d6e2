#include "compress/wire.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "compress/crc32c.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied into messages as they stand");

constexpr std::uint32_t kMagic = 0x9c544c50U;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kNoIndices = 0;
constexpr std::uint8_t kNoValues = 0;
constexpr std::uint8_t kFloat32 = 1;
constexpr std::int64_t kAlignment = 4;
constexpr std::size_t kChecksumAt = 36;

struct Header {
  std::uint32_t magic = kMagic;
  std::uint8_t version = kVersion;
  std::uint8_t index_codec = kNoIndices;
  std::uint8_t value_codec = kNoValues;
  std::uint8_t type = kFloat32;
  std::uint64_t count = 0;
  std::uint64_t kept = 0;
  std::uint64_t payload_bytes = 0;
  std::uint32_t padding_bytes = 0;
  std::uint32_t checksum = 0;
};
static_assert(sizeof(Header) == kHeaderBytes && offsetof(Header, checksum) == kChecksumAt);

constexpr const char* kRunAgain =
    "It was changed on its way, or another program sent it: call Pliant_Comm_repair, and check the "
    "network if this happens again";
constexpr const char* kSameProgram = "Run one version of Pliant on all ranks";
constexpr const char* kSameArguments = "Pass the same count and settings on every rank";
constexpr const char* kReport =
    "Its checksum is right, so its sender made it so: report this as a defect of Pliant";

[[noreturn]] void refuse(int sender, std::string_view problem, std::string_view rule,
                         std::string_view action) {
  std::string subject = "the message of rank " + std::to_string(sender) + " ";
  throw Error(ErrorClass::other, subject.append(problem), rule, action);
}

template <class Number>
std::string with_number(std::string_view words, Number number) {
  return std::string(words) + " " + std::to_string(number);
}

std::uint32_t checksum_of(std::span<const std::byte> message) {
  return crc32c(message.subspan(kHeaderBytes), crc32c(message.first(kChecksumAt)));
}

std::int64_t padding_of(std::int64_t index_bytes) {
  return -index_bytes & (kAlignment - 1);
}

std::int64_t value_bytes(const ValueCodec* codec, std::int64_t kept) {
  return codec == nullptr ? 0 : codec->bytes(kept);
}

std::int64_t encode_indices(WireShape shape, const IndexCodec*& codec, const std::uint32_t* indices,
                            std::byte* out) {
  const std::int64_t bytes = codec->encode(indices, shape.count, shape.kept, out);
  if (bytes < raw_indices.max_bytes(shape.count, shape.kept)) return bytes;
  codec = &raw_indices;
  return codec->encode(indices, shape.count, shape.kept, out);
}

bool all_finite(const float* values, std::int64_t kept) {
  constexpr std::uint32_t kInfinityTwice = 0xff000000U;
  std::uint32_t others = 0;
  for (std::int64_t i = 0; i < kept; ++i)
    others |= static_cast<std::uint32_t>(std::bit_cast<std::uint32_t>(values[i]) << 1 >= kInfinityTwice);
  return others == 0;
}

/// Writes the header in front of its payload; returns the bytes of both.
std::int64_t finish_message(const Header& header, std::byte* out) {
  std::memcpy(out, &header, sizeof(header));
  const std::size_t bytes = kHeaderBytes + header.payload_bytes;
  seal_message({out, bytes});
  return static_cast<std::int64_t>(bytes);
}

/// Reads the header. Throws Error(other) if it is incomplete or not one of Pliant's.
Header read_front(std::span<const std::byte> bytes, int sender) {
  if (bytes.size() < kHeaderBytes)
    refuse(sender, with_number("is cut short: its bytes are", bytes.size()), "the header has 40", kRunAgain);
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kMagic)
    refuse(sender, with_number("is not one of Pliant's: it starts with", header.magic),
           with_number("must start with", kMagic), kRunAgain);
  if (header.version != kVersion)
    refuse(sender, with_number("has format version", header.version), with_number("must be", kVersion),
           kSameProgram);
  return header;
}

/// Reads the header. Also throws if the payload is incomplete.
Header read_header(std::span<const std::byte> bytes, int sender) {
  const Header header = read_front(bytes, sender);
  const std::size_t rest = bytes.size() - kHeaderBytes;
  if (header.payload_bytes > rest)
    refuse(sender, with_number("is cut short: behind its header it has bytes:", rest),
           with_number("its header says", header.payload_bytes), kRunAgain);
  return header;
}

bool is_whole(const Header& header, const Expected& expected) {
  return expected.keeps == Keeps::at_most_or_whole && expected.with_values &&
         header.index_codec == kNoIndices;
}

void check_kept(const Header& header, const Expected& expected) {
  const auto kept = static_cast<std::uint64_t>(expected.shape.kept);
  const auto refuse_kept = [&](const std::string& rule, const char* action) {
    refuse(expected.sender, with_number("keeps elements:", header.kept), rule, action);
  };
  if (is_whole(header, expected)) {
    if (header.kept != header.count)
      refuse_kept(with_number("without indices it must keep all", header.count), kReport);
  } else if (expected.keeps == Keeps::exactly) {
    if (header.kept != kept) refuse_kept(with_number("this rank expects", kept), kSameArguments);
  } else if (header.kept > kept) {
    refuse_kept(with_number("this rank expects at most", kept), kSameArguments);
  }
}

void check_agreement(const Header& header, const Expected& expected) {
  const int sender = expected.sender;
  if (header.type != kFloat32)
    refuse(sender, with_number("has element type", header.type), "must be 1, float32", kSameProgram);
  if (header.count != static_cast<std::uint64_t>(expected.shape.count))
    refuse(sender, with_number("is about a vector of count", header.count),
           with_number("this rank's count is", expected.shape.count), kSameArguments);
  check_kept(header, expected);
  if ((header.value_codec != kNoValues) != expected.with_values)
    refuse(
        sender, with_number("has value codec", header.value_codec),
        expected.with_values ? "values are expected, so it must not be 0" : "indices alone are expected: 0",
        kSameProgram);
}

/// The parts of a payload, which lie entirely inside it.
struct Parts {
  std::span<const std::byte> indices;
  std::span<const std::byte> values;
};

Parts split(const Header& header, std::span<const std::byte> payload, const Expected& expected,
            const ValueCodec* codec) {
  const std::int64_t values = value_bytes(codec, static_cast<std::int64_t>(header.kept));
  const auto bytes = static_cast<std::int64_t>(payload.size());
  if (bytes < values + header.padding_bytes)
    refuse(expected.sender, with_number("is too short for its values: its payload has bytes:", bytes),
           with_number("padding and values have", values + header.padding_bytes), kReport);
  const std::int64_t index_bytes = bytes - values - header.padding_bytes;
  const auto padding =
      payload.subspan(static_cast<std::size_t>(index_bytes), static_cast<std::size_t>(header.padding_bytes));
  const bool zero =
      std::all_of(padding.begin(), padding.end(), [](std::byte byte) { return byte == std::byte{0}; });
  if (header.padding_bytes != padding_of(index_bytes) || !zero)
    refuse(expected.sender, with_number("is wrongly padded, by bytes:", header.padding_bytes),
           "zeros up to a multiple of 4", kReport);
  return {.indices = payload.first(static_cast<std::size_t>(index_bytes)),
          .values = payload.last(static_cast<std::size_t>(values))};
}

}  // namespace

std::int64_t max_message_bytes(WireShape shape, const IndexCodec& indices, const ValueCodec* values) {
  const std::int64_t index_bytes =
      std::max(indices.max_bytes(shape.count, shape.kept), raw_indices.max_bytes(shape.count, shape.kept));
  const ValueCodec* widest = values == nullptr ? nullptr : &float32_values;
  return kHeaderBytes + index_bytes + kAlignment + value_bytes(widest, shape.kept);
}

// A message of fewer indices may have larger gaps. But no index takes more than 34 bits and its share of a
// block's byte (rice).
std::int64_t max_message_bytes_up_to(WireShape shape, const IndexCodec& indices) {
  constexpr std::int64_t kMostIndexBytes = 5;
  constexpr std::int64_t kEnds = 8;
  const std::int64_t index_bytes =
      std::max(indices.max_bytes(shape.count, shape.kept), shape.kept * kMostIndexBytes + kEnds);
  return kHeaderBytes + index_bytes + kAlignment + float32_values.bytes(shape.kept);
}

double predicted_message_bytes(WireShape shape, const IndexCodec& indices, const ValueCodec* values) {
  const double index_bytes = std::min(indices.predicted_bytes(shape.count, shape.kept),
                                      raw_indices.predicted_bytes(shape.count, shape.kept));
  const double padded = std::ceil(index_bytes / kAlignment) * kAlignment;
  return kHeaderBytes + padded + static_cast<double>(value_bytes(values, shape.kept));
}

std::int64_t encode_message(WireShape shape, const IndexCodec& index_codec, const ValueCodec* value_codec,
                            Kept kept, std::byte* out) {
  const IndexCodec* used_index_codec = &index_codec;
  std::byte* const payload = out + kHeaderBytes;
  const std::int64_t index_bytes = encode_indices(shape, used_index_codec, kept.indices, payload);
  const std::int64_t padding_bytes = padding_of(index_bytes);
  std::fill_n(payload + index_bytes, padding_bytes, std::byte{0});
  if (value_codec != nullptr) {
    if (!all_finite(kept.values, shape.kept)) value_codec = &float32_values;
    value_codec->encode(kept.values, shape.kept, payload + index_bytes + padding_bytes);
  }
  Header header;
  header.index_codec = used_index_codec->id;
  header.value_codec = value_codec == nullptr ? kNoValues : value_codec->id;
  header.count = static_cast<std::uint64_t>(shape.count);
  header.kept = static_cast<std::uint64_t>(shape.kept);
  header.payload_bytes =
      static_cast<std::uint64_t>(index_bytes + padding_bytes + value_bytes(value_codec, shape.kept));
  header.padding_bytes = static_cast<std::uint32_t>(padding_bytes);
  return finish_message(header, out);
}

std::int64_t encode_whole_message(std::span<const float> values, std::byte* out) {
  if (!values.empty()) std::memcpy(out + kHeaderBytes, values.data(), values.size_bytes());
  Header header;
  header.value_codec = float32_values.id;
  header.count = header.kept = values.size();
  header.payload_bytes = values.size_bytes();
  return finish_message(header, out);
}

void seal_message(std::span<std::byte> message) {
  const std::uint32_t checksum = checksum_of(message);
  std::memcpy(message.data() + kChecksumAt, &checksum, sizeof(checksum));
}

std::int64_t message_bytes(std::span<const std::byte> bytes, int sender) {
  return kHeaderBytes + static_cast<std::int64_t>(read_header(bytes, sender).payload_bytes);
}

std::int64_t announced_bytes(std::span<const std::byte> front, std::int64_t most, int sender) {
  const std::uint64_t payload_bytes = read_front(front, sender).payload_bytes;
  if (payload_bytes > static_cast<std::uint64_t>(most - kHeaderBytes))
    refuse(sender, with_number("is too long: behind its header it has bytes:", payload_bytes),
           with_number("may have at most", most - kHeaderBytes), kSameProgram);
  return kHeaderBytes + static_cast<std::int64_t>(payload_bytes);
}

Decoded decode_message(std::span<const std::byte> message, const Expected& expected, std::uint32_t* indices,
                       float* values) {
  const int sender = expected.sender;
  const Header header = read_header(message, sender);
  const auto payload = message.subspan(kHeaderBytes);
  if (header.payload_bytes != payload.size())
    refuse(sender, with_number("has bytes behind its end: its payload has", payload.size()),
           with_number("its header says", header.payload_bytes), kRunAgain);
  if (header.checksum != checksum_of(message))
    refuse(sender, with_number("has checksum", header.checksum),
           with_number("its bytes have", checksum_of(message)), kRunAgain);
  check_agreement(header, expected);
  const Decoded decoded{static_cast<std::int64_t>(header.kept), is_whole(header, expected)};
  const IndexCodec* index_codec = index_codec_of(header.index_codec);
  if (index_codec == nullptr && !decoded.whole)
    refuse(sender, with_number("has index codec", header.index_codec), "this version has no such codec",
           kSameProgram);
  const ValueCodec* value_codec = value_codec_of(header.value_codec);
  if (value_codec == nullptr && expected.with_values)
    refuse(sender, with_number("has value codec", header.value_codec), "this version has no such codec",
           kSameProgram);
  const Parts parts = split(header, payload, expected, value_codec);
  const char* problem = nullptr;
  if (!decoded.whole)
    problem = index_codec->decode(parts.indices, expected.shape.count, decoded.kept, indices);
  else if (!parts.indices.empty())
    problem = "a whole vector needs none";
  if (problem != nullptr) refuse(sender, "has wrong indices", problem, kReport);
  if (value_codec == nullptr) return decoded;
  problem = value_codec->decode(parts.values, decoded.kept, values);
  if (problem != nullptr) refuse(sender, "has wrong values", problem, kReport);
  return decoded;
}

}  // namespace pliant
