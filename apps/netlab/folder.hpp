// A lab's folder: its socket, its lock, and the files that launchers read. If all processes of a lab were
// killed at once, the next lab that starts removes the folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/netlab/descriptor.hpp"

namespace pliant::netlab {

class LabFolder {
 public:
  /// Makes a folder. Its lock lasts as long as this process or one of its children lives.
  static LabFolder make();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path socket() const { return path_ / "control"; }
  int lock() const { return lock_.get(); }
  /// Writes a file in the folder.
  void write(const std::string& name, const std::string& text) const;
  void remove() const;

 private:
  LabFolder(std::filesystem::path path, Descriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  Descriptor lock_;
};

/// Sockets of this user's running labs.
std::vector<std::filesystem::path> living_labs();

/// The socket that `named` says, or PLIANT_NETLAB, or that of the only running lab. Throws Error(argument).
std::filesystem::path find_lab(const std::string& named);

}  // namespace pliant::netlab
