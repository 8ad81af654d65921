/* The rows of errno and of getaddrinfo. strerror and gai_strerror are not used: they are locale dependent, and the
 * former says "Success" too easily. */
#define _GNU_SOURCE
#include "io/explanations.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>

#define SYSTEM(name)   SCU_EXPLAINS_SYSTEM, SCU__FITS_ALL, name, name, #name, 0, "", "POSIX"
#define RESOLVER(name) SCU_EXPLAINS_RESOLVER, SCU__FITS_ALL, name, name, #name, 0, "looking up a host name", "POSIX"

const scu_explanation scu__system_rows[] = {
    /* --- connecting -------------------------------------------------------------------------------------------------
     */
    {SYSTEM(ECONNREFUSED), "connection refused", "nobody listens on this port, or a firewall says so in his place",
     "is the peer running, and is this its DICOM port?"},
    {SYSTEM(EHOSTUNREACH), "no route to host", "a wrong address, a machine that is off, or a firewall",
     "check the address, the network and firewalls between here and there"},
    {SYSTEM(ENETUNREACH), "network unreachable", "this machine has no way to that network, often no IPv6",
     "check the address; is this machine on a network that reaches it (IPv6)?"},
    {SYSTEM(ENETDOWN), "network is down", "the network interface of this machine is off", "switch the network on"},
#ifdef EHOSTDOWN
    {SYSTEM(EHOSTDOWN), "host is down", "the machine is off, or not in this network",
     "check the address, and whether the machine is up"},
#endif
    {SYSTEM(ETIMEDOUT), "connection timed out", "packets are dropped on the way, or the machine is off",
     "nothing answers at this address: check it, and firewalls that drop packets"},
    {SYSTEM(EADDRNOTAVAIL), "address not available", "an address of another machine; or all local ports are in use",
     "this machine has no such address; or all local ports are in use"},
    {SYSTEM(EAFNOSUPPORT), "address family not supported", "IPv6 is switched off here",
     "this machine does not speak this kind of address (IPv6)"},
    {SYSTEM(EALREADY), "connecting already", "a connection was asked for twice", "report it: that is a fault of ours"},
    {SYSTEM(EINPROGRESS), "connecting still", "a connection is being made", "wait"},
    {SYSTEM(EISCONN), "connected already", "a connection was asked for twice", "report it: that is a fault of ours"},

    /* --- while connected --------------------------------------------------------------------------------------------
     */
    {SYSTEM(ECONNRESET), "connection reset by peer", "the peer crashed, was killed, or a firewall cut the connection",
     "see the peer's log for this time; try again"},
    {SYSTEM(ECONNABORTED), "connection aborted", "the connection was given up before it was used", "try again"},
    {SYSTEM(ENOTCONN), "not connected", "the connection was gone already", "try again"},
    {SYSTEM(EPIPE), "connection closed by peer", "the peer stopped reading while something was sent",
     "see the peer's log for this time; try again"},
    {SYSTEM(ENOBUFS), "no buffer space", "too many connections at once for this machine",
     "use fewer connections at a time"},
    {SYSTEM(EMSGSIZE), "message too long", "a packet does not fit", "check the MTU of the networks on the way"},

    /* --- listening --------------------------------------------------------------------------------------------------
     */
    {SYSTEM(EADDRINUSE), "address already in use", "another program, or this one once more, listens on the port",
     "another program has this port: stop it, or choose another port (0 = any free one)"},
    {SYSTEM(EACCES), "permission denied",
     "file permissions; or a port below 1024, such as 104, without the privilege for it",
     "check the permissions (ports below 1024 need privileges)"},
    {SYSTEM(EPERM), "operation not permitted", "a firewall here, a sandbox, or a right that this user does not have",
     "check local firewall rules and the sandbox that this runs in"},

    /* --- limits -----------------------------------------------------------------------------------------------------
     */
    {SYSTEM(EMFILE), "too many open files", "more connections and files at once than this process may have",
     "raise the limit on open files (ulimit -n)"},
    {SYSTEM(ENFILE), "too many open files in the system", "all processes together have too many",
     "see which process it is"},
    {SYSTEM(ENOMEM), "out of memory", "the system has none left to give", "free some memory, or do less at once"},
    {SYSTEM(EAGAIN), "temporarily unavailable", "something is busy, or a limit on processes is reached", "try again"},
    {SYSTEM(EINTR), "interrupted", "a signal came", "try again"},
    {SYSTEM(EBUSY), "busy", "somebody else has it", "see who uses it, and try again"},

    /* --- files ------------------------------------------------------------------------------------------------------
     */
    {SYSTEM(ENOSPC), "no space left on device", "the disk is full, or out of inodes",
     "free some space, or choose another folder"},
    {SYSTEM(EDQUOT), "disk quota exceeded", "this user may not have more", "free some space, or choose another folder"},
    {SYSTEM(EFBIG), "file too large", "the file system or a limit has a largest file",
     "the file system or a limit (ulimit -f) does not allow files of this size"},
    {SYSTEM(EIO), "input/output error", "a failing disk, cable or network drive",
     "the disk may be failing: see the system's log"},
    {SYSTEM(EROFS), "read-only file system", "mounted so, or after an error of the disk",
     "choose a folder that can be written"},
    {SYSTEM(ENOENT), "no such file or folder", "a typing error, or it is gone", "check the path"},
    {SYSTEM(ENOTDIR), "not a folder", "a part of the path is a file", "check the path"},
    {SYSTEM(EISDIR), "is a folder", "a file was expected", "name a file; for what is in a folder, -r"},
    {SYSTEM(EEXIST), "exists already", "there is something with this name", "choose another name, or move it away"},
    {SYSTEM(ENOTEMPTY), "folder not empty", "there is something in it", "choose another folder"},
    {SYSTEM(ELOOP), "too many symbolic links", "links that point at each other, or one where none is followed",
     "name the file itself"},
    {SYSTEM(ENAMETOOLONG), "name too long", "longer than the file system takes", "use a shorter path"},
    {SYSTEM(EINVAL), "invalid argument", "the file system or system does not do what was asked",
     "try another folder; else report it"},
    {SYSTEM(EBADF), "bad file descriptor", "a descriptor was closed by somebody else",
     "see that fd:N names an open one"},
    {SYSTEM(ENXIO), "no such device", "a pipe that nobody reads, or a device that is gone", "check the path"},
    {SYSTEM(EXDEV), "on another file system", "a file gets its name without being copied",
     "name folders of one file system"},
    {SYSTEM(EMLINK), "too many links", "a file has as many names as the file system allows", "choose another folder"},
    {SYSTEM(ESTALE), "stale file handle", "a network drive forgot the file", "mount the drive again"},
    {SYSTEM(ENOSYS), "not in this system", "the kernel is older than what was asked of it",
     "bring the system up to date"},
    {SYSTEM(EOPNOTSUPP), "not supported", "the file system or system does not do this", "choose another folder"},
    {SCU_EXPLAINS_SYSTEM, SCU__FITS_REST, 1, INT_MAX, "errno N", 0, "", "POSIX", "system error",
     "something that the system rarely says", "see the system's log, and errno(3) for the number"},
};
const size_t scu__system_row_count = sizeof scu__system_rows / sizeof *scu__system_rows;

const scu_explanation scu__resolver_rows[] = {
    {RESOLVER(EAI_NONAME), "the name is not known", "a typing error, or a name of another network",
     "check the spelling, or use the numeric address"},
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    {RESOLVER(EAI_NODATA), "the name has no address", "the name is there, without a host",
     "check the spelling, or use the numeric address"},
#endif
    {RESOLVER(EAI_AGAIN), "no name server answered", "the network or the name server is down",
     "try again, check the network, or use the numeric address"},
    {RESOLVER(EAI_FAIL), "the name server failed", "a fault of the name server's",
     "ask who runs the name server, or use the numeric address"},
    {RESOLVER(EAI_FAMILY), "no such kind of address here", "IPv6 is switched off here", "use an IPv4 address"},
    {RESOLVER(EAI_MEMORY), "out of memory", "the system has none left to give", "free some memory, or do less at once"},
    {RESOLVER(EAI_SYSTEM), "system error while looking up",
     "the resolver could not read its files or reach the network",
     "see that /etc/hosts and /etc/resolv.conf can be read, or use the numeric address"},
    {SCU_EXPLAINS_RESOLVER, SCU__FITS_REST, INT_MIN, INT_MAX, "resolver N", 0, "looking up a host name", "POSIX",
     "the look-up failed", "something that the resolver rarely says", "check the spelling, or use the numeric address"},
};
const size_t scu__resolver_row_count = sizeof scu__resolver_rows / sizeof *scu__resolver_rows;

const scu_explanation *scu__system_explanation(int os_errno) {
  const scu_explanation *row = scu__explanation_of(scu__system_rows, scu__system_row_count, os_errno);
  return row ? row : &scu__system_rows[scu__system_row_count - 1];
}

const scu_explanation *scu__resolver_explanation(int code) {
  return scu__explanation_of(scu__resolver_rows, scu__resolver_row_count, code);
}
