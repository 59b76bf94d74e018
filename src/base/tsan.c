/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells ThreadSanitizer what GLib's locks do, in builds made for it.
 *
 * GLib makes its locks of futexes and is not built with the sanitizer, which
 * therefore sees no lock at all and reports every use of shared data.  The
 * linker sends our calls through these (configure: --wrap); what GLib locks
 * inside itself, as GAsyncQueue does, stays unseen. */
#include <glib.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BASE_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define BASE_TSAN 1
#endif

#ifdef BASE_TSAN

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* A lock function: what it gives is what was released before. */
#define WRAP_LOCK(name, Type) \
	void __real_##name(Type *lock); \
	void __wrap_##name(Type *lock); \
	void __wrap_##name(Type *lock) \
	{ \
		__real_##name(lock); \
		__tsan_acquire(lock); \
	}

#define WRAP_TRYLOCK(name, Type) \
	gboolean __real_##name(Type *lock); \
	gboolean __wrap_##name(Type *lock); \
	gboolean __wrap_##name(Type *lock) \
	{ \
		gboolean got = __real_##name(lock); \
		if (got) \
			__tsan_acquire(lock); \
		return got; \
	}

#define WRAP_UNLOCK(name, Type) \
	void __real_##name(Type *lock); \
	void __wrap_##name(Type *lock); \
	void __wrap_##name(Type *lock) \
	{ \
		__tsan_release(lock); \
		__real_##name(lock); \
	}

WRAP_LOCK(g_mutex_lock, GMutex)
WRAP_TRYLOCK(g_mutex_trylock, GMutex)
WRAP_UNLOCK(g_mutex_unlock, GMutex)
WRAP_LOCK(g_rec_mutex_lock, GRecMutex)
WRAP_UNLOCK(g_rec_mutex_unlock, GRecMutex)
WRAP_LOCK(g_rw_lock_writer_lock, GRWLock)
WRAP_UNLOCK(g_rw_lock_writer_unlock, GRWLock)
WRAP_LOCK(g_rw_lock_reader_lock, GRWLock)
WRAP_UNLOCK(g_rw_lock_reader_unlock, GRWLock)

void __real_g_cond_wait(GCond *cond, GMutex *mutex);
void __wrap_g_cond_wait(GCond *cond, GMutex *mutex);
void __wrap_g_cond_wait(GCond *cond, GMutex *mutex)
{
	__tsan_release(mutex);
	__real_g_cond_wait(cond, mutex);
	__tsan_acquire(mutex);
}

gboolean __real_g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end);
gboolean __wrap_g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end);
gboolean __wrap_g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end)
{
	__tsan_release(mutex);
	gboolean woken = __real_g_cond_wait_until(cond, mutex, end);
	__tsan_acquire(mutex);
	return woken;
}

/* g_once_init_enter() reads the same address where we are compiled. */
void __real_g_once_init_leave(volatile void *location, gsize result);
void __wrap_g_once_init_leave(volatile void *location, gsize result);
void __wrap_g_once_init_leave(volatile void *location, gsize result)
{
	__tsan_release((void *)location);
	__real_g_once_init_leave(location, result);
}

#endif
