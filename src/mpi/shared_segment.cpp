#include "mpi/shared_segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <string>

#include "mpi/agree.hpp"

namespace pliant {
namespace {

/// A shared memory object, and this process's descriptor of it.
class SharedObject {
 public:
  /// Creates one under an unused name; not open if the system refuses.
  static SharedObject create(std::size_t bytes) {
    std::random_device random;
    for (int attempts = 0; attempts < 16; ++attempts) {
      const std::uint64_t number = (std::uint64_t{random()} << 32 | random()) | 1;
      SharedObject made(number, O_CREAT | O_EXCL | O_RDWR);
      if (made.is_open() && ftruncate(made.file_, static_cast<off_t>(bytes)) != 0) made.close();
      if (made.is_open() || errno != EEXIST) return made;
    }
    return {};
  }
  static SharedObject open(std::uint64_t number) { return SharedObject(number, O_RDWR); }

  SharedObject(SharedObject&& other) noexcept : number_(other.number_), file_(other.file_) {
    other.file_ = -1;
  }
  SharedObject& operator=(SharedObject&&) = delete;
  ~SharedObject() { close(); }

  bool is_open() const { return file_ >= 0; }
  /// The number in its name, for messages; 0: no object.
  std::uint64_t number() const { return is_open() ? number_ : 0; }
  /// Reserves the bytes. Otherwise a full file system would only show at the first write, as SIGBUS.
  bool reserve(std::size_t begin, std::size_t bytes) const {
    int code = EINTR;
    while (code == EINTR) code = posix_fallocate(file_, static_cast<off_t>(begin), static_cast<off_t>(bytes));
    return code == 0;
  }
  /// Null if the system refuses.
  void* map(std::size_t bytes) const {
    void* const address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    return address == MAP_FAILED ? nullptr : address;
  }
  /// No process can open it any more. It lasts while any process maps it.
  void remove_name() const { shm_unlink(path(number_).c_str()); }

 private:
  SharedObject() = default;
  SharedObject(std::uint64_t number, int flags)
      : number_(number), file_(shm_open(path(number).c_str(), flags, S_IRUSR | S_IWUSR)) {}

  static std::string path(std::uint64_t number) { return "/pliant-" + std::to_string(number); }
  void close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

  std::uint64_t number_ = 0;
  int file_ = -1;
};

std::size_t whole_pages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

/// Distributes the object's number from `leader` to all ranks of its host.
std::uint64_t number_of_host(const Communicator& comm, const SharedObject* made, int leader) {
  const std::uint64_t own = made != nullptr ? made->number() : 0;
  const std::vector<std::byte> all = gather_from_all(comm, std::as_bytes(std::span(&own, 1)));
  std::uint64_t number = 0;
  std::memcpy(&number, all.data() + static_cast<std::size_t>(leader) * sizeof number, sizeof number);
  return number;
}

}  // namespace

SharedSegment::SharedSegment(const Communicator& comm, const HostLayout& layout, std::size_t bytes) {
  const int host = layout.host_of(comm.rank());
  const std::span<const int> members = layout.members(host);
  const auto own =
      static_cast<std::size_t>(std::find(members.begin(), members.end(), comm.rank()) - members.begin());
  const std::size_t part_bytes = whole_pages(bytes);
  bytes_ = members.size() * part_bytes;
  std::optional<SharedObject> object;
  if (own == 0) object.emplace(SharedObject::create(bytes_));
  const std::uint64_t number = number_of_host(comm, object ? &*object : nullptr, layout.leader(host));
  if (own != 0 && number != 0) object.emplace(SharedObject::open(number));
  if (number != 0 && object->is_open() && object->reserve(own * part_bytes, part_bytes))
    address_ = object->map(bytes_);
  const bool refused = first_rank_where(comm, address_ == nullptr) >= 0;  // now all have tried to open it
  if (own == 0 && number != 0) object->remove_name();
  if (refused) return;
  for (std::size_t i = 0; i < members.size(); ++i)
    parts_.push_back(static_cast<std::byte*>(address_) + i * part_bytes);
}

SharedSegment::~SharedSegment() {
  if (address_ != nullptr) munmap(address_, bytes_);
}

}  // namespace pliant
