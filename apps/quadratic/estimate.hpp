// EF21 between two ends of a link: both hold the same estimate of the sender's vector, and a message moves it
// nearer. Source: Richtarik, Sokolov and Fatkhullin, arXiv 2106.05203; for a model on its way down (EF21-P):
// Gruntkowska, Tyurin and Richtarik, arXiv 2209.15218.
//
// A message has, of each layer, the coordinates in which vector and estimate differ most, and the vector's
// values there (rather than the differences): as many bytes, and no rounding. So both ends have the same
// bits, a density of 1 makes the estimate the vector itself, and what was sent and the rest add up to the
// change exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compress/wire.hpp"

namespace pliant::quadratic {

/// [byte] of an element: its index and its value.
inline constexpr std::int64_t kElementBytes = sizeof(std::uint32_t) + sizeof(float);

/// [byte] of a message of `kept` of `count` elements: all of them travel without indices.
std::int64_t message_bytes_of(std::int64_t kept, std::int64_t count);

/// The largest `kept` whose message has at most `bytes`; 0 if none has.
std::int64_t elements_within(double bytes, std::int64_t count);

/// The sending end.
class Sender {
 public:
  /// layer_begins: [layers + 1], and outlives this. The estimate is 0 at first.
  explicit Sender(std::span<const std::int64_t> layer_begins);

  /// [d] what the other end knows.
  std::span<const float> estimate() const { return estimate_; }
  /// [d] vector - estimate; after send() without what was sent.
  std::span<const float> change() const { return change_; }

  /// Compute change(). vector: [d].
  void look_at(std::span<const float> vector);
  /// Encode the kept[l] largest changes of each layer l, and move the estimate as receive() does.
  void send(std::span<const float> vector, std::span<const std::int64_t> kept,
            std::vector<std::byte>& message);

 private:
  /// Appends the `kept` largest changes of [begin, end), indices ascending; takes them out of change().
  void take_largest(std::int64_t begin, std::int64_t end, std::int64_t kept);

  std::span<const std::int64_t> layer_begins_;
  std::vector<float> estimate_;
  std::vector<float> change_;
  std::vector<std::uint32_t> indices_;
  std::vector<float> values_;
  std::vector<std::uint64_t> keys_;
};

/// The receiving end: a message of rank `sender` moves its estimate. Throws Error for what send() does not
/// write.
void receive(std::span<const std::byte> message, int sender, std::span<float> estimate);

}  // namespace pliant::quadratic
