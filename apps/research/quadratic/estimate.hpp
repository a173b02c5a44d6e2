// EF21 between the two ends of a link: both hold the same estimate of the sender's vector, and each message
// moves it closer. Source: Richtarik, Sokolov and Fatkhullin, arXiv 2106.05203. For the model on its way down
// (EF21-P): Gruntkowska, Tyurin and Richtarik, arXiv 2209.15218.
//
// For each layer, a message has the coordinates where vector and estimate differ most. It carries the
// vector's values there, not the differences: this takes as many bytes and avoids rounding. So both ends hold
// the same bits, and a density of 1 makes the estimate equal to the vector. The sent part and the rest add up
// exactly to the change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compress/wire.hpp"

namespace pliant::quadratic {

/// [byte] size of an element: its index and its value.
inline constexpr std::int64_t kElementBytes = sizeof(std::uint32_t) + sizeof(float);

/// [byte] size of a message with `kept` of `count` elements. If kept == count, no indices are sent.
std::int64_t message_bytes_of(std::int64_t kept, std::int64_t count);

/// The largest `kept` whose message fits into `bytes`; 0 if none fits.
std::int64_t elements_within(double bytes, std::int64_t count);

/// The sending end.
class Sender {
 public:
  /// layer_begins: [layers + 1], must outlive this object. The estimate starts at 0.
  explicit Sender(std::span<const std::int64_t> layer_begins);

  /// [d] the receiver's estimate.
  std::span<const float> estimate() const { return estimate_; }
  /// [d] vector - estimate; send() removes the part that it sends.
  std::span<const float> change() const { return change_; }

  /// Computes change(). vector: [d].
  void look_at(std::span<const float> vector);
  /// Encodes the kept[l] largest changes of each layer l, and updates the estimate as receive() does.
  void send(std::span<const float> vector, std::span<const std::int64_t> kept,
            std::vector<std::byte>& message);

 private:
  /// Appends the `kept` largest changes of [begin, end), indices ascending, and removes them from change().
  void take_largest(std::int64_t begin, std::int64_t end, std::int64_t kept);

  std::span<const std::int64_t> layer_begins_;
  std::vector<float> estimate_;
  std::vector<float> change_;
  std::vector<std::uint32_t> indices_;
  std::vector<float> values_;
  std::vector<std::uint64_t> keys_;
};

/// The receiving end: applies a message of rank `sender` to the estimate. Throws Error for a message that
/// send() cannot have written.
void receive(std::span<const std::byte> message, int sender, std::span<float> estimate);

}  // namespace pliant::quadratic
