// Captures a stream into a graph: operations put on it are counted and not executed.
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <thread>

#include "streams.hpp"

namespace pliant::test {

/// Corresponds to cudaStreamCaptureMode.
enum class CaptureMode { global = 0, thread_local_ = 1, relaxed = 2 };

class Capture {
 public:
  void begin(const DoubleStream& stream) {
    streams_ = {&stream};
    nodes_ = 0;
    valid_ = true;
  }
  /// Ends the capture. Returns whether it is still valid for a graph.
  bool end() {
    streams_.clear();
    return valid_;
  }
  bool active() const { return !streams_.empty(); }
  bool holds(const DoubleStream& stream) const { return streams_.contains(&stream); }
  /// `stream` waits for a captured operation, so it is captured from now on.
  void join(const DoubleStream& stream) { streams_.insert(&stream); }
  void note() { ++nodes_; }
  int nodes() const { return nodes_; }  ///< number of captured operations

  /// Does what cudaThreadExchangeStreamCaptureMode does.
  CaptureMode exchange(CaptureMode mode) {
    CaptureMode& mine = modes_[std::this_thread::get_id()];
    const CaptureMode before = mine;
    mine = mode;
    return before;
  }
  /// Returns true to refuse a call that may be unsafe during a capture, unless its thread has relaxed its
  /// mode. The capture becomes invalid.
  bool is_disturbed_by(std::string_view call) {
    static const std::set<std::string_view> kUnsafe = {"malloc",      "free",        "malloc_host",
                                                       "free_host",   "event_query", "stream_synchronize",
                                                       "pool_create", "pool_destroy"};
    if (!active() || !kUnsafe.contains(call) || modes_[std::this_thread::get_id()] == CaptureMode::relaxed)
      return false;
    valid_ = false;
    return true;
  }
  void invalidate() { valid_ = false; }

 private:
  std::set<const DoubleStream*> streams_;
  std::map<std::thread::id, CaptureMode> modes_;  ///< global by default
  int nodes_ = 0;
  bool valid_ = true;
};

}  // namespace pliant::test
