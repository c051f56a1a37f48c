"""The units of deploy/systemd are well-formed and as closed as they say: systemd's own judgement of their exposure."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# Of 10, less is better. The runner makes sandboxes, which costs it most of what a service may give up: its unit says why.
EXPOSURE_MAX = {'broker': 2.0, 'relay': 2.0, 'runner': 6.0}
DEBIAN = pathlib.Path(__file__).resolve().parents[2] / 'deploy/debian'


def main():
    if not shutil.which('systemd-analyze'):
        print('skipped: systemd-analyze is not here')
        sys.exit(77)
    units = pathlib.Path(sys.argv[1]) / 'deploy/systemd'
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        for name, most in EXPOSURE_MAX.items():
            text = (units / f'ghost-{name}.service').read_text()
            path = pathlib.Path(scratch) / f'ghost-{name}.service'
            path.write_text(text.replace('@bindir@', '/bin').replace(f'/bin/ghost-{name}', '/bin/true'))
            said = subprocess.run(['systemd-analyze', 'security', '--offline=true', '--no-pager', path],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode()
            found = re.search(r'exposure level for \S+ ([0-9.]+)', said)
            exposure = float(found.group(1)) if found else None
            good = exposure is not None and exposure <= most
            print(f'ghost-{name}: exposure {exposure}, at most {most}' + ('' if good else f'\n{said}'))
            failed |= not good
            faults = subprocess.run(['systemd-analyze', 'verify', '--man=no', path], stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, check=False).stdout.decode()
            # A user that only the package makes is none of the unit's faults.
            faults = [line for line in faults.splitlines() if f'ghost-{name}' in line]
            for line in faults:
                print(line)
            failed |= bool(faults)
            for line in ('Type=notify', 'WatchdogSec=', 'Restart=always', 'NoNewPrivileges=yes', 'LimitCORE=0'):
                if line not in text:
                    print(f'ghost-{name}: no {line}')
                    failed = True
            if not (DEBIAN / f'{name}.env').exists():
                print(f'ghost-{name}: no {name}.env')
                failed = True
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
