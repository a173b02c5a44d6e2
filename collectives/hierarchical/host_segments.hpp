// A call's elements, cut into segments that fit a slot of the memory that ranks of a host share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "collectives/allreduce.hpp"
#include "collectives/segments.hpp"
#include "core/partition.hpp"

namespace pliant {

class HostSegments {
 public:
  /// room: [byte] for one segment.
  HostSegments(AllreduceCall& call, std::int64_t room)
      : call_(call), width_(element_bytes(call.shape.type)), longest_(room / width_) {}

  std::int64_t count() const { return segments_of(call_.shape.count, longest_); }
  Range at(std::int64_t index) const {
    return {index * longest_, std::min(longest_, call_.shape.count - index * longest_)};
  }
  std::int64_t end(std::int64_t index) const { return at(index).begin + at(index).count; }
  std::byte* data(std::int64_t element) const { return call_.data + element * width_; }
  std::size_t bytes(std::int64_t elements) const { return static_cast<std::size_t>(elements * width_); }
  std::int64_t width() const { return width_; }

 private:
  AllreduceCall& call_;
  std::int64_t width_;
  std::int64_t longest_;
};

}  // namespace pliant
