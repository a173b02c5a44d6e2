// A file descriptor that closes itself, and system calls that throw.
#pragma once

#include <string>
#include <utility>

namespace pliant::netlab {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

/// Returns `result` if it is not negative. Otherwise throws Error(io): "<what>: <the system's reason>
/// (<rule>).
/// <action>".
int check_system(int result, const std::string& what, const std::string& rule = "the system refused it",
                 const std::string& action = "Look at the reason");

/// Returns a descriptor that becomes readable when the process ends. Throws Error(io).
Descriptor watch_process(int process);

/// Open a file. Throws Error(io).
Descriptor open_file(const std::string& path, int flags, int mode = 0);

/// Writes `text` to an existing file, as the kernel's own files require. Throws Error(io).
void write_file(const std::string& path, const std::string& text);

}  // namespace pliant::netlab
