// Stands in for SixLabors.ImageSharp, which only NuGet has: the members that the documentation's program uses, for PNG
// files in 8-bit RGB without interlacing.

using System;
using System.Buffers.Binary;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace SixLabors.ImageSharp.PixelFormats
{
    public struct Rgb24 { }
}

namespace SixLabors.ImageSharp
{
    public sealed class Image<TPixel> : IDisposable
    {
        private readonly byte[] rgb;

        internal Image(int width, int height, byte[] rgb) => (Width, Height, this.rgb) = (width, height, rgb);

        public int Width { get; }
        public int Height { get; }
        public void CopyPixelDataTo(Span<byte> destination) => rgb.CopyTo(destination);
        public void Dispose() { }
    }

    public static class Image
    {
        public static Image<TPixel> Load<TPixel>(string path)
        {
            ReadOnlySpan<byte> file = File.ReadAllBytes(path);
            var compressed = new MemoryStream();
            int width = 0, height = 0;
            for (int at = 8; at < file.Length;)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(file.Slice(at));
                string type = Encoding.ASCII.GetString(file.Slice(at + 4, 4));
                var data = file.Slice(at + 8, length);
                if (type == "IHDR")
                {
                    width = BinaryPrimitives.ReadInt32BigEndian(data);
                    height = BinaryPrimitives.ReadInt32BigEndian(data.Slice(4));
                    if (data[8] != 8 || data[9] != 2 || data[12] != 0)
                        throw new NotSupportedException("Expected 8-bit RGB without interlacing.");
                }
                else if (type == "IDAT") compressed.Write(data);
                at += length + 12;
            }
            compressed.Position = 2; // after zlib's header
            using var rows = new DeflateStream(compressed, CompressionMode.Decompress);
            return new Image<TPixel>(width, height, Unfilter(rows, 3 * width, height));
        }

        /// <summary>Undoes the filters of PNG, section 9 of its specification.</summary>
        private static byte[] Unfilter(Stream rows, int stride, int height)
        {
            var rgb = new byte[stride * height];
            for (int y = 0; y < height; y++)
            {
                int filter = rows.ReadByte();
                int start = y * stride;
                for (int read = 0; read < stride;) read += rows.Read(rgb, start + read, stride - read);
                for (int x = 0; x < stride; x++)
                {
                    int left = x < 3 ? 0 : rgb[start + x - 3];
                    int above = y == 0 ? 0 : rgb[start - stride + x];
                    int corner = x < 3 || y == 0 ? 0 : rgb[start - stride + x - 3];
                    rgb[start + x] += (byte)(filter switch
                    {
                        1 => left,
                        2 => above,
                        3 => (left + above) / 2,
                        4 => Paeth(left, above, corner),
                        _ => 0,
                    });
                }
            }
            return rgb;
        }

        private static int Paeth(int left, int above, int corner)
        {
            int estimate = left + above - corner;
            int toLeft = Math.Abs(estimate - left), toAbove = Math.Abs(estimate - above), toCorner = Math.Abs(estimate - corner);
            return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
        }
    }
}
