/* A function made by hand: it returns, on each architecture of the oracle. */
#ifndef CODE_H
#define CODE_H

static void put_return(char *p)
{
#if defined __x86_64__ || defined __i386__
	static const unsigned char code[] = { 0xc3 };
#elif defined __aarch64__
	static const unsigned char code[] = { 0xc0, 0x03, 0x5f, 0xd6 };
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
	static const unsigned char code[] = { 0x20, 0x00, 0x80, 0x4e };
#elif defined __riscv
	static const unsigned char code[] = { 0x67, 0x80, 0x00, 0x00 };
#else
#error "no return instruction is known for this architecture"
#endif
	memcpy(p, code, sizeof code);
	__builtin___clear_cache(p, p + sizeof code);
}

#endif
