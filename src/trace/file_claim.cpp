#include "trace/file_claim.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>

namespace pliant {
namespace {

constexpr int kMostLinks = 40;  // Linux's own limit

enum class Lock { held, in_use, unavailable };

Lock try_lock(int descriptor, int operation) {
  while (::flock(descriptor, operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Lock::in_use;
    if (errno != EINTR) return Lock::unavailable;
  }
  return Lock::held;
}

/// Whether the open file still has this name.
bool is_named(int descriptor, const std::string& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(descriptor, &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

}  // namespace

std::string follow_links(std::string path) {
  std::error_code error;
  for (int links = 0; links < kMostLinks && std::filesystem::is_symlink(path, error); ++links) {
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = (std::filesystem::path(path).parent_path() / target).string();  // an absolute target replaces all
  }
  return path;
}

std::string numbered_path(const std::string& path, int number) {
  if (number == 0) return path;
  const std::filesystem::path whole(path);
  std::filesystem::path name = whole.stem();
  name += "-" + std::to_string(number);
  name += whole.extension();
  return (whole.parent_path() / name).string();
}

std::string unwanted_path(const std::string& path) {
  std::random_device random;
  const std::string name = ".pliant-" + std::to_string(random()) + "-" + std::to_string(::getpid());
  return (std::filesystem::path(path).parent_path() / name).string();
}

std::error_code move_to_free_name(const std::string& from, const std::string& to) {
  const int error = ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  ::unlink(from.c_str());
  return {error, std::generic_category()};
}

bool hold_new_file(int descriptor, const std::string& path) {
  const int flags = ::fcntl(descriptor, F_GETFD);
  if (flags >= 0) ::fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
  // HDF5 may have locked the file exclusively; this turns the lock into a shared one.
  return try_lock(descriptor, LOCK_SH) != Lock::in_use && is_named(descriptor, path);
}

HeldFile::HeldFile(const std::string& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ >= 0) try_lock(descriptor_, LOCK_SH);
}

HeldFile::~HeldFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::error_code HeldFile::sync_to_disk() const {
  const bool synced = descriptor_ >= 0 && ::fsync(descriptor_) == 0;
  return {synced ? 0 : errno, std::generic_category()};
}

void HeldFile::remove() const {
  if (descriptor_ >= 0 && is_named(descriptor_, path_)) ::unlink(path_.c_str());
}

OldFile::OldFile(const std::string& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
    error_ = {errno, std::generic_category()};
    state_ = errno == ENOENT ? State::gone : State::refused;
  } else if (!S_ISREG(status.st_mode)) {
    error_ = std::make_error_code(std::errc::invalid_argument);
    state_ = State::refused;
  } else {
    const Lock lock = try_lock(descriptor_, LOCK_EX);
    state_ = lock == Lock::held ? State::locked : lock == Lock::in_use ? State::in_use : State::unlockable;
  }
}

OldFile::~OldFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool OldFile::lock(int operation) {
  return state_ == State::unlockable ||
         (state_ == State::locked && try_lock(descriptor_, operation) == Lock::held);
}

bool OldFile::share() {
  return lock(LOCK_SH);
}

bool OldFile::remove() {
  if (!lock(LOCK_EX) || !is_named(descriptor_, path_)) return false;
  if (::unlink(path_.c_str()) == 0) return true;
  error_ = {errno, std::generic_category()};
  state_ = State::refused;
  return false;
}

}  // namespace pliant
