"""The table and the chart of a comparison."""
import os
import pathlib
import platform
import statistics
import subprocess

GROUPS = ((True, 'synced to disk before each acknowledgement'), (False, 'on disk, synced later'), (None, 'in memory'))


def machine():
    cpu = next((line.split(':', 1)[1].strip() for line in open('/proc/cpuinfo') if line.startswith('model name')), '?')
    memory = int(open('/proc/meminfo').readline().split()[1]) // 2**20
    os_name = next((line.split('=', 1)[1].strip().strip('"') for line in open('/etc/os-release')
                    if line.startswith('PRETTY_NAME')), '?')
    return f'{os.cpu_count()} cores ({cpu}), {memory} GiB, {os_name}, Linux {platform.release()}'


def versions():
    packages = ('postgresql-15', 'redis-server', 'rabbitmq-server', 'beanstalkd', 'nats-server', 'gearman-job-server',
                'libzmq5', 'libsqlite3-0')
    out = subprocess.run(['dpkg-query', '-W', '-f', '${Package} ${Version}, ', *packages], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    return out.stdout.rstrip(', ')


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def table(systems):
    lines = ['| System | jobs/s (min to max) | one at a time, p50 µs | p99 µs | CPU of the broker, µs a job |',
             '|---|---|---|---|---|']
    for group, title in GROUPS:
        some = sorted((s for s in systems if s[1] is group), key=lambda s: -median(s[2], 'per_s'))
        if some:
            lines.append(f'| **{title}** | | | | |')
        for name, _, runs in some:
            rates = [run['per_s'] for run in runs]
            lines.append(f'| {name} | {statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f}) | '
                         f'{median(runs, "p50_us"):,.0f} | {median(runs, "p99_us"):,.0f} | {median(runs, "cpu_us"):,.1f} |')
    return '\n'.join(lines)


def chart(systems):
    bar, left, width = 22, 290, 860
    rows, y, most = [], 40, max(median(s[2], 'per_s') for s in systems)
    for group, title in GROUPS:
        some = sorted((s for s in systems if s[1] is group), key=lambda s: -median(s[2], 'per_s'))
        if not some:
            continue
        rows.append(f'<text x="8" y="{y + 15}" font-weight="bold">{title}</text>')
        y += 26
        for name, _, runs in some:
            value = median(runs, 'per_s')
            size = (width - left - 80) * value / most
            colour = '#1a7f5a' if name.startswith('Ghost') else '#b9bec5' if name.startswith('floor') else '#6b84a3'
            rows.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{name}</text>'
                        f'<rect x="{left}" y="{y + 2}" width="{size:.1f}" height="{bar - 6}" fill="{colour}"/>'
                        f'<text x="{left + size + 6:.1f}" y="{y + 15}">{value:,.0f}</text>')
            y += bar
        y += 8
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + 8}" font-family="sans-serif" '
            f'font-size="13"><rect width="100%" height="100%" fill="white"/><text x="8" y="22" font-size="15" '
            f'font-weight="bold">Job round trips a second, 1 KiB in, 64 bytes back, 1,000 in flight</text>\n'
            + '\n'.join(rows) + '\n</svg>\n')


def write_report(docs, systems, date):
    docs = pathlib.Path(docs)
    docs.mkdir(parents=True, exist_ok=True)
    (docs / 'benchmarks.svg').write_text(chart(systems))
    runs = min(len(runs) for _, _, runs in systems)
    (docs / 'BENCHMARKS.md').write_text(f'''# Ghost beside its peers

![Job round trips a second](benchmarks.svg)

{table(systems)}

Made by `make bench-peers` on {date}: medians of {runs} runs, all systems in turns. {machine()}. {versions()}.

The same work for each: jobs of 1 KiB from one submitter with 1,000 in flight, two worker processes, a result of 64 bytes
for each job, seen exactly once by the submitter; loopback tcp, C and C++ clients, pipelined and in batches as far as each
protocol allows. Then one job at a time for the latency. Machines are shared and noisy: the ratios within one run count.
''')
