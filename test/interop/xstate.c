/*
 * Preloaded into linux.uml. The guest kernel of Debian 12 keeps 2696 octets of a process's extended
 * processor state (enough for AVX-512), and the host refuses to set less than the whole of it. Where
 * the host's processor has more (AMX: 11008 octets), no guest process could start. So a
 * PTRACE_SETREGSET that is too short is completed with what the process has in the rest.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif
#define XSTATE_MAX 65536

static long set_whole_state(pid_t pid, const struct iovec *part)
{
	static _Thread_local char state[XSTATE_MAX] __attribute__((aligned(64)));
	struct iovec whole = { state, sizeof(state) };

	if (part->iov_len > sizeof(state) ||
	    syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &whole) < 0)
		return -1;
	memcpy(state, part->iov_base, part->iov_len);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	long peeked, result;
	pid_t pid;
	void *address, *data;

	va_start(arguments, request);
	pid = va_arg(arguments, pid_t);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);

	/* As in libc: the system call stores a peeked word, the function returns it. */
	if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
		result = syscall(SYS_ptrace, request, pid, address, &peeked);
		return result < 0 ? -1 : (errno = 0, peeked);
	}
	result = syscall(SYS_ptrace, request, pid, address, data);
	if (result < 0 && errno == EFAULT && request == PTRACE_SETREGSET &&
	    (unsigned long)address == NT_X86_XSTATE)
		return set_whole_state(pid, data);
	return result;
}
