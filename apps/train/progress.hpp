// What a person sees on stderr while the training runs; rank 0 only.
#pragma once

#include <cstdint>
#include <string>

namespace pliant::train {

class Progress {
 public:
  /// `shown`: false keeps it silent.
  explicit Progress(bool shown);

  /// A line for good.
  void line(const std::string& text);
  /// True when it is time for the next passing line: often on a terminal, every few seconds elsewhere.
  bool is_due() const;
  /// A passing line; on a terminal the next line overwrites it.
  void passing(const std::string& text);

 private:
  bool shown_;
  bool terminal_;
  double last_s_;         ///< when the last passing line was written
  bool pending_ = false;  ///< a passing line stands on the terminal
};

}  // namespace pliant::train
