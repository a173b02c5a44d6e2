// Progress of the training on stderr, for people; rank 0 only.
#pragma once

#include <cstdint>
#include <string>

namespace pliant::train {

class Progress {
 public:
  /// `shown`: false keeps it silent.
  explicit Progress(bool shown);

  /// Prints a permanent line.
  void line(const std::string& text);
  /// True when the next passing line is due: often on a terminal, every few seconds elsewhere.
  bool is_due() const;
  /// Prints a passing line, which the next line overwrites on a terminal.
  void passing(const std::string& text);

 private:
  bool shown_;
  bool terminal_;
  double last_s_;         ///< when the last passing line was written
  bool pending_ = false;  ///< the last line on the terminal is a passing one
};

}  // namespace pliant::train
