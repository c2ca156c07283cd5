using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Dfss.Protocol;

/// <content>Finding the end of a header while it arrives.</content>
internal static partial class MessageCodec
{
    /// <summary>Where the header of a body ends.</summary>
    /// <param name="HeaderBytes">The number of bytes before the payload's bytes.</param>
    /// <param name="PayloadBytes">The payload's length; null for nil.</param>
    public readonly record struct HeaderEnd(int HeaderBytes, int? PayloadBytes);

    /// <summary>
    /// Scans the first bytes of a body, token by token and without recursion, until it has read the payload's
    /// length. With more bytes it continues where it stopped, so a header that arrives in many pieces costs no more
    /// than one that arrives whole.
    /// </summary>
    public struct HeaderScan
    {
        private OpenItems open;
        private int depth;
        private int position;

        /// <summary>Continues the scan.</summary>
        /// <param name="available">The bytes of the body received so far, always from its beginning.</param>
        /// <param name="bodyBytes">The length of the whole body.</param>
        /// <param name="end">The end of the header.</param>
        /// <returns>False while more bytes are needed.</returns>
        /// <exception cref="DfssException">ProtocolViolation or LimitExceeded.</exception>
        public bool TryFindEnd(ReadOnlySpan<byte> available, int bodyBytes, out HeaderEnd end)
        {
            end = default;
            while (depth != 1 || open[0] != 1)
            {
                if (!TryReadToken(available, bodyBytes, out Token token))
                {
                    return false;
                }

                Enter(token);
            }

            if (!TryReadLength(available, bodyBytes, PayloadLengthBytes(available), out int start, out long length))
            {
                return false;
            }

            bool isNil = available[position] == Code.Nil;
            if (length > DfssLimits.MaxPayloadBytes)
            {
                throw TooLarge($"A payload of {length} bytes is over the limit of {DfssLimits.MaxPayloadBytes} bytes.");
            }

            if (start + length != bodyBytes)
            {
                throw Malformed($"The payload ends at byte {start + length} of a body of {bodyBytes} bytes.");
            }

            end = new HeaderEnd(start, isNil ? null : (int)length);
            return true;
        }

        private void Enter(Token token)
        {
            if (depth == 0)
            {
                if (!token.IsArray || token.Items != MessageItems)
                {
                    throw Malformed("A body is not an array of four.");
                }
            }
            else
            {
                open[depth - 1]--;
            }

            if (token.IsContainer && depth == DfssLimits.MaxDepth)
            {
                throw TooLarge($"A message is nested deeper than {DfssLimits.MaxDepth}.");
            }

            if (token.Items > 0)
            {
                open[depth++] = token.Items;
            }

            while (depth > 1 && open[depth - 1] == 0)
            {
                depth--;
            }
        }

        private readonly int PayloadLengthBytes(ReadOnlySpan<byte> available) => position >= available.Length
            ? 0
            : available[position] switch
            {
                Code.Nil => 0,
                Code.Bin8 => 1,
                Code.Bin16 => 2,
                Code.Bin32 => 4,
                byte code => throw Malformed($"The payload begins with 0x{code:x2}, which is neither nil nor bin."),
            };

        private bool TryReadToken(ReadOnlySpan<byte> available, int bodyBytes, out Token token)
        {
            token = default;
            if (position >= available.Length)
            {
                Require(position + 1, bodyBytes);
                return false;
            }

            Shape shape = Code.ShapeOf(available[position]);
            if (!TryReadLength(available, bodyBytes, shape.LengthBytes, out int start, out long length))
            {
                return false;
            }

            length += shape.Fixed;
            bool isContainer = shape.Kind is ShapeKind.Array or ShapeKind.Map;

            // Each item of a container takes at least a byte, so one sum bounds the bytes and the items.
            long items = shape.Kind == ShapeKind.Map ? length * 2 : length;
            Require(start + items, bodyBytes);
            int next = isContainer ? start : start + (int)items;
            if (next > available.Length)
            {
                return false;
            }

            position = next;
            token = new Token(isContainer ? (int)items : 0, shape.Kind == ShapeKind.Array, isContainer);
            return true;
        }

        private readonly bool TryReadLength(
            ReadOnlySpan<byte> available, int bodyBytes, int lengthBytes, out int start, out long length)
        {
            start = position + 1 + lengthBytes;
            length = 0;
            Require(start, bodyBytes);
            if (start > available.Length)
            {
                return false;
            }

            ReadOnlySpan<byte> field = available.Slice(position + 1, lengthBytes);
            length = lengthBytes switch
            {
                0 => 0,
                1 => field[0],
                2 => BinaryPrimitives.ReadUInt16BigEndian(field),
                _ => BinaryPrimitives.ReadUInt32BigEndian(field),
            };
            return true;
        }

        private static void Require(long headerBytes, int bodyBytes)
        {
            if (headerBytes > bodyBytes)
            {
                throw Malformed($"A body of {bodyBytes} bytes ends inside its header.");
            }

            if (headerBytes > DfssLimits.MaxHeaderBytes)
            {
                throw TooLarge(
                    $"A message's arguments or results are over the limit of {DfssLimits.MaxHeaderBytes} bytes.");
            }
        }

        private readonly record struct Token(int Items, bool IsArray, bool IsContainer);

        /// <summary>The number of items not read yet in each open container, the outermost first.</summary>
        [InlineArray(DfssLimits.MaxDepth)]
        private struct OpenItems
        {
            private int first;
        }
    }

    private enum ShapeKind
    {
        Scalar,
        Array,
        Map,
    }

    /// <summary>
    /// What the first byte of a token determines: its kind, the size of its length field, and the
    /// fixed part of its length.
    /// </summary>
    private readonly record struct Shape(ShapeKind Kind, int LengthBytes, int Fixed);

    /// <summary>The first bytes of MessagePack tokens that a message may contain.</summary>
    private static class Code
    {
        public const byte Nil = 0xc0;
        public const byte Bin8 = 0xc4;
        public const byte Bin16 = 0xc5;
        public const byte Bin32 = 0xc6;

        public static Shape ShapeOf(byte code) => code switch
        {
            <= 0x7f or Nil or 0xc2 or 0xc3 => new(ShapeKind.Scalar, 0, 0),
            <= 0x8f => new(ShapeKind.Map, 0, code & 0x0f),
            <= 0x9f => new(ShapeKind.Array, 0, code & 0x0f),
            <= 0xbf => new(ShapeKind.Scalar, 0, code & 0x1f),
            Bin8 or 0xd9 => new(ShapeKind.Scalar, 1, 0),
            Bin16 or 0xda => new(ShapeKind.Scalar, 2, 0),
            Bin32 or 0xdb => new(ShapeKind.Scalar, 4, 0),
            >= 0xcc and <= 0xcf => new(ShapeKind.Scalar, 0, 1 << (code - 0xcc)),
            >= 0xd0 and <= 0xd3 => new(ShapeKind.Scalar, 0, 1 << (code - 0xd0)),
            0xdc => new(ShapeKind.Array, 2, 0),
            0xdd => new(ShapeKind.Array, 4, 0),
            0xde => new(ShapeKind.Map, 2, 0),
            0xdf => new(ShapeKind.Map, 4, 0),
            _ => throw Malformed(
                $"The byte 0x{code:x2} begins a float, an extension or a negative number; none is allowed "
                    + "in a message."),
        };
    }
}
