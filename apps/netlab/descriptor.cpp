#include "apps/netlab/descriptor.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.hpp"

namespace pliant::netlab {

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

int check_system(int result, const std::string& what, const std::string& rule, const std::string& action) {
  if (result < 0) throw Error(ErrorClass::io, what + ": " + std::strerror(errno), rule, action);
  return result;
}

// By number: glibc 2.36 declares pidfd_open for C only.
Descriptor watch_process(int process) {
  return Descriptor(
      check_system(static_cast<int>(syscall(SYS_pidfd_open, process, 0)), "watching a process"));
}

Descriptor open_file(const std::string& path, int flags, int mode) {
  return Descriptor(check_system(::open(path.c_str(), flags | O_CLOEXEC, mode), "opening " + path));
}

void write_file(const std::string& path, const std::string& text) {
  const Descriptor file = open_file(path, O_WRONLY);
  check_system(static_cast<int>(::write(file.get(), text.data(), text.size())), "writing " + path);
}

}  // namespace pliant::netlab
