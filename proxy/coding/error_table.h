/* Why a body could not be decoded: CG_CODER_ERROR(id, text). */
CG_CODER_ERROR(BROKEN, "the body is not what its Content-Encoding says, or it is damaged")
CG_CODER_ERROR(TRUNCATED, "the body ends before its coding does")
CG_CODER_ERROR(TRAILING, "the body goes on after the end of its coding")
CG_CODER_ERROR(BOMB, "the body grows beyond the allowed ratio when decoded")
CG_CODER_ERROR(WINDOW, "decoding the body needs a larger window than allowed")
CG_CODER_ERROR(MEMORY, "no memory for the coding, or more is needed than allowed")
