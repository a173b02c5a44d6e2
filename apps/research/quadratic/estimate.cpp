#include "apps/research/quadratic/estimate.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace pliant::quadratic {
namespace {

/// Sets estimate[i] = value for every element of a message.
void move(std::span<float> estimate, std::span<const std::uint32_t> indices, std::span<const float> values) {
  for (std::size_t j = 0; j < indices.size(); ++j) estimate[indices[j]] = values[j];
}

}  // namespace

std::int64_t message_bytes_of(std::int64_t kept, std::int64_t count) {
  return kept == count ? whole_message_bytes(count) : kHeaderBytes + kept * kElementBytes;
}

std::int64_t elements_within(double bytes, std::int64_t count) {
  if (bytes >= static_cast<double>(whole_message_bytes(count))) return count;
  const double elements = std::floor((bytes - kHeaderBytes) / static_cast<double>(kElementBytes));
  return static_cast<std::int64_t>(std::clamp(elements, 0.0, static_cast<double>(count - 1)));
}

Sender::Sender(std::span<const std::int64_t> layer_begins)
    : layer_begins_(layer_begins),
      estimate_(static_cast<std::size_t>(layer_begins.back())),
      change_(estimate_.size()) {}

void Sender::look_at(std::span<const float> vector) {
  for (std::size_t i = 0; i < vector.size(); ++i) change_[i] = vector[i] - estimate_[i];
}

void Sender::send(std::span<const float> vector, std::span<const std::int64_t> kept,
                  std::vector<std::byte>& message) {
  const auto count = static_cast<std::int64_t>(vector.size());
  const std::int64_t total = std::accumulate(kept.begin(), kept.end(), std::int64_t{0});
  message.resize(static_cast<std::size_t>(message_bytes_of(total, count)));
  if (total == count) {
    std::ranges::copy(vector, estimate_.begin());
    std::ranges::fill(change_, 0.0F);
    encode_whole_message(vector, message.data());
    return;
  }
  indices_.clear();
  for (std::size_t l = 0; l < kept.size(); ++l) take_largest(layer_begins_[l], layer_begins_[l + 1], kept[l]);
  values_.clear();
  for (const std::uint32_t index : indices_) values_.push_back(vector[index]);
  move(estimate_, indices_, values_);
  encode_message({count, total}, raw_indices, &float32_values, {indices_.data(), values_.data()},
                 message.data());
}

// Orders magnitudes and breaks ties as the library does (kernels/kernels.hpp). The library's selection is
// made for long vectors; for a few hundred elements it takes several times as long as this.
void Sender::take_largest(std::int64_t begin, std::int64_t end, std::int64_t kept) {
  keys_.clear();
  for (std::int64_t i = begin; i < end; ++i) {
    const std::uint64_t magnitude =
        std::bit_cast<std::uint32_t>(std::fabs(change_[static_cast<std::size_t>(i)]));
    keys_.push_back(magnitude << 32 |
                    (std::numeric_limits<std::uint32_t>::max() - static_cast<std::uint64_t>(i)));
  }
  std::nth_element(keys_.begin(), keys_.begin() + kept, keys_.end(), std::greater<>());
  const auto first = static_cast<std::ptrdiff_t>(indices_.size());
  for (std::int64_t j = 0; j < kept; ++j)
    indices_.push_back(~static_cast<std::uint32_t>(keys_[static_cast<std::size_t>(j)]));
  std::sort(indices_.begin() + first, indices_.end());
  for (auto index = indices_.begin() + first; index != indices_.end(); ++index) change_[*index] = 0;
}

void receive(std::span<const std::byte> message, int sender, std::span<float> estimate) {
  const auto count = static_cast<std::int64_t>(estimate.size());
  std::vector<std::uint32_t> indices(estimate.size());
  std::vector<float> values(estimate.size());
  const Expected expected{
      .shape = {count, count}, .with_values = true, .sender = sender, .keeps = Keeps::at_most_or_whole};
  const Decoded decoded = decode_message(message, expected, indices.data(), values.data());
  if (decoded.whole) {
    std::ranges::copy(values, estimate.begin());
    return;
  }
  const auto kept = static_cast<std::size_t>(decoded.kept);
  move(estimate, std::span(indices).first(kept), std::span(values).first(kept));
}

}  // namespace pliant::quadratic
